import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def mark_low_trust(apps, schema_editor):
    """Grades from before the column existed: the verdict says it."""
    done = apps.get_model("interviewer", "Grade").objects.filter(status="done")
    done.filter(verdict__flags__icontains="low_trust").update(low_trust=True)


class Migration(migrations.Migration):

    dependencies = [
        ('interviewer', '0013_hiring'),
    ]

    operations = [
        migrations.CreateModel(
            name='HumanScore',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='scored at')),
                ('phase', models.CharField(choices=[('before', "before the machine's verdict was shown"), ('after', "after the machine's verdict was shown")], max_length=6, verbose_name='phase')),
                ('judgements', models.JSONField(verbose_name='verdicts')),
                ('score', models.FloatField(verbose_name='score')),
                ('rubric_hash', models.CharField(max_length=64, verbose_name='rubric')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
            ],
            options={
                'verbose_name': 'score by a person',
                'verbose_name_plural': 'scores by people',
                'ordering': ['-pk'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='IdentityReveal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='revealed at')),
                ('reason', models.CharField(max_length=500, verbose_name='reason')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Override',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='decided at')),
                ('reason', models.CharField(max_length=500, verbose_name='reason')),
                ('for_candidate', models.BooleanField(default=False, verbose_name='the candidate may read the reason')),
            ],
            options={
                'verbose_name': 'decision which score counts',
                'verbose_name_plural': 'decisions which score counts',
                'ordering': ['-pk'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Reveal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revealed_at', models.DateTimeField(verbose_name='shown at')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='ReviewClaim',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('until', models.DateTimeField(verbose_name='until')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='grade',
            name='low_trust',
            field=models.BooleanField(default=False, verbose_name='low trust'),
        ),
        migrations.AddIndex(
            model_name='grade',
            index=models.Index(condition=models.Q(('low_trust', True)), fields=['answer'], name='grade_low_trust'),
        ),
        migrations.AddField(
            model_name='humanscore',
            name='answer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='human_scores', to='interviewer.answer', verbose_name='answer'),
        ),
        migrations.AddField(
            model_name='humanscore',
            name='grade',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='interviewer.grade', verbose_name="the machine's grade at that time"),
        ),
        migrations.AddField(
            model_name='humanscore',
            name='reviewer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reviewer'),
        ),
        migrations.AddField(
            model_name='identityreveal',
            name='interview',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='identity_reveals', to='interviewer.interview', verbose_name='interview'),
        ),
        migrations.AddField(
            model_name='identityreveal',
            name='reviewer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reviewer'),
        ),
        migrations.AddField(
            model_name='override',
            name='answer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='overrides', to='interviewer.answer', verbose_name='answer'),
        ),
        migrations.AddField(
            model_name='override',
            name='human_score',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='interviewer.humanscore', verbose_name='score'),
        ),
        migrations.AddField(
            model_name='override',
            name='reviewer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reviewer'),
        ),
        migrations.AddField(
            model_name='reveal',
            name='answer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reveals', to='interviewer.answer', verbose_name='answer'),
        ),
        migrations.AddField(
            model_name='reveal',
            name='reviewer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reviewer'),
        ),
        migrations.AddField(
            model_name='reviewclaim',
            name='interview',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='review_claim', to='interviewer.interview', verbose_name='interview'),
        ),
        migrations.AddField(
            model_name='reviewclaim',
            name='reviewer',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reviewer'),
        ),
        migrations.AddIndex(
            model_name='humanscore',
            index=models.Index(fields=['phase', 'rubric_hash'], name='human_score_phase_rubric'),
        ),
        migrations.AddConstraint(
            model_name='humanscore',
            constraint=models.UniqueConstraint(condition=models.Q(('phase', 'before')), fields=('answer', 'reviewer'), name='one_blind_score_per_reviewer'),
        ),
        migrations.AddConstraint(
            model_name='humanscore',
            constraint=models.CheckConstraint(condition=models.Q(('score__range', (0, 1))), name='human_score_within_range'),
        ),
        migrations.AddConstraint(
            model_name='humanscore',
            constraint=models.CheckConstraint(condition=models.Q(('phase', 'before'), models.Q(('reason', ''), _negated=True), _connector='OR'), name='human_score_after_with_reason'),
        ),
        migrations.AddConstraint(
            model_name='identityreveal',
            constraint=models.UniqueConstraint(fields=('interview', 'reviewer'), name='one_identity_reveal_per_reviewer'),
        ),
        migrations.AddConstraint(
            model_name='identityreveal',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='identity_reveal_with_reason'),
        ),
        migrations.AddIndex(
            model_name='override',
            index=models.Index(fields=['answer', '-id'], name='override_in_force'),
        ),
        migrations.AddConstraint(
            model_name='override',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='override_with_reason'),
        ),
        migrations.AddConstraint(
            model_name='reveal',
            constraint=models.UniqueConstraint(fields=('answer', 'reviewer'), name='one_reveal_per_reviewer'),
        ),
        migrations.RunPython(mark_low_trust, migrations.RunPython.noop),
    ]
