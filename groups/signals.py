"""What happens in groups that other applications want to know. `groups` imports none of them."""

from django.dispatch import Signal

# The gate has turned somebody away. Arguments: user (User), group_id (int), permission (Permission), is_member (bool).
access_refused = Signal()
