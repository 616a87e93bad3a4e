"""What happens in rooms that other applications want to know, once it is committed. `issues` imports none of them."""

from django.dispatch import Signal

# Somebody has played a card, or another one instead. No arguments: whose it is and which one is nobody's business.
vote_given = Signal()

# The cards of a round were turned. No arguments.
round_revealed = Signal()

# A webhook was tried. Arguments: outcome (str): "delivered", "failed" (it is tried again) or "given up".
delivery_tried = Signal()
