"""What others point to, and what points to others, goes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0011_names")]
    operations = [
        migrations.RemoveField("Rack", "books"),
        migrations.AlterOrderWithRespectTo("Standing", None),
        migrations.DeleteModel("Standing"),
        migrations.DeleteModel("Visit"),
        migrations.RemoveField("Loan", "shelf_number"),
        migrations.RemoveField("Rack", "near"),
        migrations.DeleteModel("Rack"),
        migrations.RemoveField("Volume", "sheets"),
        migrations.RemoveField("Volume", "edition_of"),
        migrations.DeleteModel("Keeper"),
    ]
