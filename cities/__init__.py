"""The cities' data: profiles, units, categories, maps and holidays. No code; see README.md."""
