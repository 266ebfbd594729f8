import django.core.validators
import django.db.models.deletion
import interviewer.models.templates
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext


def give_all_to_a_first_organisation(apps, schema_editor):
    """What exists goes on as before: one organisation has every template, and everybody who could review is a member."""
    InterviewTemplate = apps.get_model("interviewer", "InterviewTemplate")
    User = apps.get_model("interviewer", "User")
    may_review = {"codename": "review_interview", "content_type__app_label": "interviewer"}
    direct = Q(*((f"user_permissions__{name}", value) for name, value in may_review.items()))
    managers = User.objects.filter(
        direct | Q(*((f"groups__permissions__{name}", value) for name, value in may_review.items()))
    ).distinct()
    if not InterviewTemplate.objects.exists() and not managers.exists():
        return
    with translation.override(settings.LANGUAGE_CODE):
        organisation = apps.get_model("interviewer", "Organisation").objects.create(name=gettext("This site"))
    InterviewTemplate.objects.update(organisation=organisation)
    organisation.members.set(managers)
    if schema_editor.connection.vendor == "postgresql":
        # Checks that are put off to the end of the transaction would stand in the way of changing the tables.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):

    dependencies = [
        ('interviewer', '0012_spending'),
        ('questions', '0006_import_runs'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='is_guest',
            field=models.BooleanField(default=False, editable=False, help_text='Sits one interview by an invitation, has no password, and sees nothing else.', verbose_name='guest'),
        ),
        migrations.AddField(
            model_name='interviewtemplate',
            name='supersedes',
            field=models.OneToOneField(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='successor', to='interviewer.interviewtemplate', verbose_name='supersedes'),
        ),
        migrations.AddField(
            model_name='interviewtemplate',
            name='version',
            field=models.PositiveSmallIntegerField(default=1, editable=False, verbose_name='version'),
        ),
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('contact', models.CharField(blank=True, help_text='Whom candidates may ask for another way, for extra time, or about their data: a name and address.', max_length=200, verbose_name='contact')),
                ('alternative', models.TextField(blank=True, help_text='What you offer to candidates who do not want to be interviewed by a program. They read it first.', max_length=600, verbose_name='human alternative')),
                ('retention_days', models.PositiveIntegerField(blank=True, help_text='How long after handing in answers are kept; candidates are told. Empty: until somebody deletes.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(3650)], verbose_name='days of retention')),
                ('members', models.ManyToManyField(blank=True, related_name='organisations', to=settings.AUTH_USER_MODEL, verbose_name='members')),
            ],
            options={
                'verbose_name': 'organisation',
                'verbose_name_plural': 'organisations',
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='interviewtemplate',
            name='organisation',
            field=models.ForeignKey(null=True, help_text='Its managers see who sits this interview, and what was answered.', on_delete=django.db.models.deletion.PROTECT, related_name='templates', to='interviewer.organisation', verbose_name='organisation'),
        ),
        migrations.RunPython(give_all_to_a_first_organisation, migrations.RunPython.noop),
        # Without the default first: else it would be asked for, of models that may be newer than these tables.
        migrations.AlterField(
            model_name='interviewtemplate',
            name='organisation',
            field=models.ForeignKey(help_text='Its managers see who sits this interview, and what was answered.', on_delete=django.db.models.deletion.PROTECT, related_name='templates', to='interviewer.organisation', verbose_name='organisation'),
        ),
        migrations.AlterField(
            model_name='interviewtemplate',
            name='organisation',
            field=models.ForeignKey(default=interviewer.models.templates.home_organisation, help_text='Its managers see who sits this interview, and what was answered.', on_delete=django.db.models.deletion.PROTECT, related_name='templates', to='interviewer.organisation', verbose_name='organisation'),
        ),
        migrations.CreateModel(
            name='Position',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=120, verbose_name='title')),
                ('created_at', models.DateTimeField(verbose_name='created at')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed at')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='positions', to='interviewer.organisation', verbose_name='organisation')),
                ('template', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='position', to='interviewer.interviewtemplate', verbose_name='interview template')),
            ],
            options={
                'verbose_name': 'position',
                'verbose_name_plural': 'positions',
                'ordering': ['-created_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='BlueprintRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('order', models.PositiveSmallIntegerField(verbose_name='order')),
                ('least_difficulty', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)], verbose_name='difficulty from')),
                ('most_difficulty', models.PositiveSmallIntegerField(default=5, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(5)], verbose_name='difficulty to')),
                ('count', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(20)], verbose_name='questions')),
                ('minutes_each', models.PositiveSmallIntegerField(default=5, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)], verbose_name='minutes each')),
                ('template', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='blueprint', to='interviewer.interviewtemplate', verbose_name='interview template')),
                ('topic', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='questions.topic', verbose_name='topic')),
            ],
            options={
                'verbose_name': 'blueprint row',
                'verbose_name_plural': 'blueprint',
                'ordering': ['order'],
                'constraints': [models.UniqueConstraint(fields=('template', 'order'), name='blueprint_order_once'), models.CheckConstraint(condition=models.Q(('least_difficulty__gte', 1), ('most_difficulty__lte', 5), ('least_difficulty__lte', models.F('most_difficulty'))), name='blueprint_difficulties_in_order'), models.CheckConstraint(condition=models.Q(('count__gte', 1), ('minutes_each__gte', 1)), name='blueprint_asks')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('error', models.TextField(blank=True, verbose_name='reason')),
                ('error_values', models.JSONField(blank=True, default=dict)),
                ('code', models.CharField(help_text='What managers call this candidate.', max_length=10, verbose_name='code')),
                ('token_sha256', models.CharField(editable=False, max_length=64, unique=True)),
                ('name', models.CharField(blank=True, max_length=150, verbose_name='name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail')),
                ('language', models.CharField(choices=[('zh-hans', 'Chinese'), ('en', 'English')], max_length=10, verbose_name='language of the e-mail')),
                ('extra_minutes', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(480)], verbose_name='extra minutes')),
                ('created_at', models.DateTimeField(verbose_name='invited at')),
                ('expires_at', models.DateTimeField(verbose_name='expires at')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent at')),
                ('revoked_at', models.DateTimeField(blank=True, null=True, verbose_name='revoked at')),
                ('opened_at', models.DateTimeField(blank=True, null=True, verbose_name='opened at')),
                ('accepted_at', models.DateTimeField(blank=True, null=True, verbose_name='accepted at')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='invited by')),
                ('interview', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='invitation', to='interviewer.interview', verbose_name='interview')),
                ('position', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='interviewer.position', verbose_name='position')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'ordering': ['-created_at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('position', 'code'), name='one_code_per_position'), models.CheckConstraint(condition=models.Q(('interview__isnull', True), ('accepted_at__isnull', False), _connector='OR'), name='invitation_interview_was_accepted')],
            },
        ),
    ]
