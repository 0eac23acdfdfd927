"""What people do about suppliers, one module per process."""
