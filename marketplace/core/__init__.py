"""Words of no business: persistence, money, time, errors, text. Imports nothing of ours."""
