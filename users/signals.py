"""What happens to users that other applications want to know. `users` imports none of them."""

from django.dispatch import Signal

# A guest has signed in to an account: what the guest has goes to the account, in the same transaction.
# Arguments: guest (User), account (User). A receiver returns whether there was anything to move.
guest_signed_in = Signal()

# A user has another nickname. Arguments: user (User).
# A receiver returns a list of sentences for the user, about what stays as it was; mostly an empty one.
nickname_changed = Signal()

# A user wants to have what is kept about them. Arguments: user (User).
# A receiver returns a dictionary for a JSON file: what it is called, and the rows.
data_asked = Signal()

# A user wants to be deleted. Arguments: user (User).
# A receiver returns a list of sentences about what has to be done before; mostly an empty one.
deletion_asked = Signal()

# A user is being deleted, in a transaction: whatever names them takes `name` instead, and stays.
# Arguments: user (User), still with everything; name (str).
user_renamed_for_good = Signal()

# The same, afterwards: what belonged to the user alone goes. Arguments: user (User), name (str).
user_gone = Signal()

# A mail was sent, or could not be. Arguments: is_sent (bool); neither to whom nor what it says.
mail_tried = Signal()

# Signing in by OpenID Connect came to nothing. Arguments: reason (str), a word; detail (str), what exactly, by names.
openid_refused = Signal()
