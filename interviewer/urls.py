"""Every address of the program. `tests/interviewer/test_access.py` expects each of them for each role."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, re_path

from interviewer.views import (
    health,
    home,
    invitation,
    invite,
    items,
    jobs,
    operations,
    positions,
    receipts,
    results,
    review,
    room,
    sign_in,
)

interview = [
    path("", room.room, name="room"),
    path("questions/<int:position>/", room.question, name="question"),
    path("questions/<int:position>/draft/", room.draft, name="draft"),
    path("clock/", room.clock_now, name="clock"),
    path("pause/", room.pause, name="pause"),
    path("hand-in/", room.hand_in, name="hand-in"),
    path("receipt/", receipts.receipt, name="receipt"),
    path("receipt/file/", receipts.receipt_file, name="receipt-file"),
    path("questions/<int:position>/unsent/", receipts.unsent, name="unsent"),
    path("progress/", results.progress, name="progress"),
    path("scorecard/", results.candidate_scorecard, name="scorecard"),
    path("scorecard/results/", results.candidate_results, name="scorecard-results"),
]

position = [
    path("", positions.position, name="position"),
    path("edit/", positions.position_edit, name="position-edit"),
    path("close/", positions.position_close, name="position-close"),
    path("invite/", invite.invite, name="invite"),
    path("invite/people/", invite.invite_people, name="invite-people"),
    path("invite/send-again/", invite.send_again, name="send-again"),
    path("invitations/<int:invitation>/revoke/", invite.revoke, name="invitation-revoke"),
    path("invitations/<int:invitation>/renew/", invite.renew, name="invitation-renew"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", sign_in.SignIn.as_view(), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("language/", include("django.conf.urls.i18n")),
    path("begin/<int:pk>/", home.begin, name="begin"),
    path("interviews/<uuid:pk>/", include(interview)),
    path("i/<str:token>/", invitation.invitation, name="invitation"),
    path("positions/", positions.position_list, name="position-list"),
    path("positions/new/", positions.position_new, name="position-new"),
    path("positions/<int:pk>/", include(position)),
    path("review/", review.interview_list, name="review-list"),
    path("review/<uuid:pk>/", review.review, name="review"),
    path("review/<uuid:pk>/receipt/", receipts.review_receipt_file, name="review-receipt-file"),
    path("review/<uuid:pk>/extend/", review.extend, name="extend"),
    path("review/<uuid:pk>/grade-abandoned/", review.grade_abandoned, name="grade-abandoned"),
    path("review/<uuid:pk>/questions/<int:position>/grade-again/", review.grade_again, name="grade-again"),
    path("operations/", operations.operations, name="operations"),
    path("operations/state/", operations.state, name="operations-state"),
    path("operations/try-again/", operations.try_all_again, name="try-all-again"),
    path("operations/try-again/<int:pk>/", operations.try_again, name="try-again"),
    path("questions/health/", items.item_list, name="item-list"),
    path("questions/health/<int:pk>/", items.item, name="item"),
    path("jobs/<uuid:pk>/", jobs.progress, name="job"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    re_path(r"^(?P<path>.*)$", room.not_found),
]
