"""Models with relations of every kind get another name, another table, another comment."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("library", "0010_step_by_step")]
    operations = [
        migrations.RenameModel("Shelf", "Rack"),
        migrations.AlterModelTable("Rack", "library_stand"),
        migrations.AlterModelTableComment("Rack", "Where they 'stand'"),
        migrations.AlterModelTableComment("Visit", "Who came"),
        migrations.RenameModel("Book", "Volume"),
        migrations.RenameModel("Tag", "Keyword"),
        migrations.RenameField("Rack", "words", "keywords"),
        migrations.AddField("Keyword", "broader", models.ForeignKey("self", models.CASCADE, null=True)),
    ]
