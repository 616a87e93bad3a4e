"""What happens in a group is sent to addresses that its owner names: signed, at least once, and tried again for a day.

A delivery is a row that is written in the transaction of what it tells (`events`), so none is lost and none tells what
was rolled back. The process that serves the site sends what is due (`sender`).
"""
