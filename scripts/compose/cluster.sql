-- Run once by the database image of the first node of a cluster, when its volume is empty.
-- By this one, who has no password and no rights, HAProxy asks whether a node is Synced.
create user haproxy@'%';
