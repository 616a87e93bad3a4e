"""What the migrations end in is of no interest: the tests look at the tables."""
