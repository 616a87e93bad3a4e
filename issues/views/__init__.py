"""The pages of issues, of the room, and what is sent from them."""
