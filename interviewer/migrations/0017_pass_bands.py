from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('interviewer', '0016_privacy'),
    ]

    operations = [
        migrations.AddField(
            model_name='interviewtemplate',
            name='bands',
            field=models.JSONField(blank=True, default=list, editable=False, verbose_name='pass bands'),
        ),
    ]
