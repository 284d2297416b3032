"""吹哨报到: a street calls units to the place, and they report in."""
