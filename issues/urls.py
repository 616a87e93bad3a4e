"""Addresses of the room, its rounds and the issues of a group."""

from django.urls import path

from issues.views import async_page, async_rounds, issues, room, rounds, statistics, transfer, webhooks

app_name = "issues"

ISSUE = "groups/<int:group_id>/issues/<int:issue_id>"
WEBHOOK = "groups/<int:group_id>/webhooks/<int:webhook_id>"
ROUND = "groups/<int:group_id>/rounds/<int:round_id>"

urlpatterns = [
    path("groups/<int:group_id>/", room.room, name="room"),
    path("groups/<int:group_id>/state/", room.room_state, name="room-state"),
    path("groups/<int:group_id>/vote/", room.own_vote, name="own-vote"),
    path("groups/<int:group_id>/feed/", room.room_feed, name="room-feed"),
    path("groups/<int:group_id>/issues/", issues.issue_list, name="issue-list"),
    path("groups/<int:group_id>/issues/add/", issues.issue_add, name="issue-add"),
    path("groups/<int:group_id>/issues/paste/", issues.issue_paste, name="issue-paste"),
    path("groups/<int:group_id>/issues/import/", transfer.issue_import, name="issue-import"),
    path("groups/<int:group_id>/issues/export/", transfer.issue_export, name="issue-export"),
    path(f"{ISSUE}/", issues.issue_detail, name="issue-detail"),
    path(f"{ISSUE}/edit/", issues.issue_edit, name="issue-edit"),
    path(f"{ISSUE}/archive/", issues.issue_archive, name="issue-archive"),
    path(f"{ISSUE}/restore/", issues.issue_restore, name="issue-restore"),
    path(f"{ISSUE}/clear-estimate/", issues.issue_clear_estimate, name="issue-clear-estimate"),
    path(f"{ISSUE}/move/", issues.issue_move, name="issue-move"),
    path("groups/<int:group_id>/reveal/", rounds.room_reveal, name="room-reveal"),
    path("groups/<int:group_id>/take-over/", rounds.take_over, name="take-over"),
    path("groups/<int:group_id>/rounds/", rounds.round_begin, name="round-begin"),
    path(f"{ROUND}/vote/", rounds.round_vote, name="round-vote"),
    path(f"{ROUND}/take-back/", rounds.round_take_back, name="round-take-back"),
    path(f"{ROUND}/reveal/", rounds.round_reveal, name="round-reveal"),
    path(f"{ROUND}/settle/", rounds.round_settle, name="round-settle"),
    path(f"{ROUND}/cancel/", rounds.round_cancel, name="round-cancel"),
    path(f"{ROUND}/nudge/", rounds.round_nudge, name="round-nudge"),
    path(f"{ROUND}/timer/", rounds.round_timer, name="round-timer"),
    path(f"{ROUND}/discuss/", async_rounds.round_discuss, name="round-discuss"),
    path("groups/<int:group_id>/async/", async_page.async_page, name="async"),
    path("groups/<int:group_id>/async/begin/", async_rounds.async_begin, name="async-begin"),
    path("groups/<int:group_id>/async/deadline/", async_rounds.async_deadline, name="async-deadline"),
    path("groups/<int:group_id>/async/end/", async_rounds.async_end, name="async-end"),
    path("groups/<int:group_id>/async/settle/", async_rounds.async_settle_agreed, name="async-settle-agreed"),
    path("groups/<int:group_id>/webhooks/", webhooks.webhook_list, name="webhook-list"),
    path(f"{WEBHOOK}/", webhooks.webhook_detail, name="webhook-detail"),
    path(f"{WEBHOOK}/test/", webhooks.webhook_test, name="webhook-test"),
    path(f"{WEBHOOK}/switch/", webhooks.webhook_switch, name="webhook-switch"),
    path(f"{WEBHOOK}/renew/", webhooks.webhook_renew, name="webhook-renew"),
    path(f"{WEBHOOK}/remove/", webhooks.webhook_remove, name="webhook-remove"),
    path(f"{WEBHOOK}/deliveries/<int:delivery_id>/again/", webhooks.delivery_again, name="delivery-again"),
    path("groups/<int:group_id>/statistics/", statistics.statistics, name="statistics"),
]
