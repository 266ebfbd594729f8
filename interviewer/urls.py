"""Every address of the program. `tests/interviewer/test_access.py` expects each of them for each role."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path, re_path

from interviewer.views import home, results, review, room

interview = [
    path("", room.room, name="room"),
    path("questions/<int:position>/", room.question, name="question"),
    path("questions/<int:position>/draft/", room.draft, name="draft"),
    path("hand-in/", room.hand_in, name="hand-in"),
    path("receipt/", results.receipt, name="receipt"),
    path("progress/", results.progress, name="progress"),
    path("scorecard/", results.candidate_scorecard, name="scorecard"),
    path("scorecard/results/", results.candidate_results, name="scorecard-results"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("language/", include("django.conf.urls.i18n")),
    path("begin/<int:pk>/", home.begin, name="begin"),
    path("interviews/<uuid:pk>/", include(interview)),
    path("review/", review.interview_list, name="review-list"),
    path("review/<uuid:pk>/", review.review, name="review"),
    path("review/<uuid:pk>/questions/<int:position>/grade-again/", review.grade_again, name="grade-again"),
    path("admin/", admin.site.urls),
    re_path(r"^(?P<path>.*)$", room.not_found),
]
