"""What a forecast is worth in money: `acceptance` → `offers` (a contact) → `empc` and `profit` → `contacting`."""
