"""What is kept about oneself: have it, or have it deleted."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from users import personal_data
from users.forms import DeletionForm
from users.models import User
from users.requests import signed_in_user
from users.views.passwords import PASSWORDS


@require_safe
def data_page(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    return _page(request, user, DeletionForm(user))


@require_safe
def data_export(request: HttpRequest) -> HttpResponse:
    """As a file."""
    answer = JsonResponse(
        personal_data.export(signed_in_user(request)), json_dumps_params={"indent": 2, "ensure_ascii": False}
    )
    answer["Content-Disposition"] = 'attachment; filename="estimation.json"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@sensitive_post_parameters()
def data_delete(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    PASSWORDS.take(user.pk)
    form = DeletionForm(user, request.POST)
    if not form.is_valid() or personal_data.obstacles(user):
        return _page(request, user, form)
    personal_data.erase(User.objects.get(pk=user.pk))
    logout(request)
    messages.success(request, _("You are deleted. What you voted stays, without your name."))
    return redirect("start")


def _page(request: HttpRequest, user: User, form: DeletionForm) -> HttpResponse:
    context = {"form": form, "obstacles": personal_data.obstacles(user)}
    return render(request, "users/personal_data.html", context)
