"""What the marketplace announces: frozen dataclasses of plain values, one module per package."""
