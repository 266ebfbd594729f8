"""Pairs of near-duplicates, and questions that were merged into others."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('questions', '0004_translations'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DuplicatePair',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('score', models.FloatField(verbose_name='score')),
                ('kind', models.CharField(choices=[('same-text', 'the same text'), ('same-answer', 'nearly the same words in the answers'), ('same-question', 'nearly the same words in the questions'), ('meaning', 'the same meaning in other words')], max_length=16, verbose_name='why')),
                ('said', models.CharField(max_length=64)),
                ('found_at', models.DateTimeField(verbose_name='found at')),
                ('judged_at', models.DateTimeField(null=True, verbose_name='judged at')),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
            ],
            options={
                'verbose_name': 'pair of near-duplicates',
                'verbose_name_plural': 'pairs of near-duplicates',
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='DuplicateSearch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('searched_at', models.DateTimeField()),
                ('questions', models.PositiveIntegerField()),
                ('words_only', models.BooleanField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='question',
            name='merged_into',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='merged', to='questions.question', verbose_name='merged into'),
        ),
        migrations.AlterField(
            model_name='questionversion',
            name='kind',
            field=models.CharField(choices=[('found', 'Found so'), ('created', 'Written'), ('edited', 'Edited'), ('state', 'Status changed'), ('imported', 'Imported'), ('restored', 'Rolled back'), ('merged', 'Merged'), ('separated', 'Separated again')], max_length=10, verbose_name='kind of change'),
        ),
        migrations.AddConstraint(
            model_name='question',
            constraint=models.CheckConstraint(condition=models.Q(('merged_into__isnull', True), ('status', 'retired'), _connector='OR'), name='question_merged_is_retired'),
        ),
        migrations.AddField(
            model_name='duplicatepair',
            name='judged_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='judged by'),
        ),
        migrations.AddField(
            model_name='duplicatepair',
            name='one',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='questions.question', verbose_name='question'),
        ),
        migrations.AddField(
            model_name='duplicatepair',
            name='other',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='questions.question', verbose_name='other question'),
        ),
        migrations.AddConstraint(
            model_name='duplicatepair',
            constraint=models.UniqueConstraint(fields=('one', 'other'), name='duplicate_pair_once'),
        ),
        migrations.AddConstraint(
            model_name='duplicatepair',
            constraint=models.CheckConstraint(condition=models.Q(('one__lt', models.F('other'))), name='duplicate_pair_in_order'),
        ),
    ]
