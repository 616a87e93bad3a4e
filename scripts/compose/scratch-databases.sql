-- Run once by the database image, when its volume is empty. `manage.py adopt` and the checks of migrations
-- build schemas in scratch databases of these names, and drop them.
grant all privileges on `estimation\_scratch\_%`.* to 'estimation'@'%';
