"""The pages of groups, a module for each noun."""
