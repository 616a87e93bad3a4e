"""What happens to users that other applications want to know. `users` imports none of them."""

from django.dispatch import Signal

# A guest has signed in to an account: what the guest has goes to the account, in the same transaction.
# Arguments: guest (User), account (User). A receiver returns whether there was anything to move.
guest_signed_in = Signal()

# A user has another nickname. Arguments: user (User).
# A receiver returns a list of sentences for the user, about what stays as it was; mostly an empty one.
nickname_changed = Signal()
