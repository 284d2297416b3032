"""Emergency lines (应急专线) in the API."""
