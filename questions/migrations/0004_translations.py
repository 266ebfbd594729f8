from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("questions", "0003_first_versions")]

    operations = [
        migrations.AddField(
            model_name="question",
            name="translation_group",
            field=models.UUIDField(db_index=True, editable=False, null=True),
        ),
    ]
