"""What people see of the estimation."""
