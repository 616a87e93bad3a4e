"""Addresses of groups."""

from django.urls import path

from groups.views import groups, invites, members

app_name = "groups"

urlpatterns = [
    path("groups/", groups.group_list, name="group-list"),
    path("groups/new/", groups.group_new, name="group-new"),
    path("groups/<int:group_id>/members/", groups.group_detail, name="group-detail"),
    path("groups/<int:group_id>/settings/", groups.group_settings, name="group-settings"),
    path("groups/<int:group_id>/rename/", groups.group_rename, name="group-rename"),
    path("groups/<int:group_id>/deck/", groups.group_deck, name="group-deck"),
    path("groups/<int:group_id>/archive/", groups.group_archive, name="group-archive"),
    path("groups/<int:group_id>/restore/", groups.group_restore, name="group-restore"),
    path("groups/<int:group_id>/hand-over/", groups.group_hand_over, name="group-hand-over"),
    path("groups/<int:group_id>/invite/renew/", invites.invite_renew, name="invite-renew"),
    path("groups/<int:group_id>/members/<int:membership_id>/role/", members.member_role, name="member-role"),
    path(
        "groups/<int:group_id>/members/<int:membership_id>/remove/",
        members.member_remove,
        name="member-remove",
    ),
    path("groups/<int:group_id>/me/leave/", members.membership_leave, name="membership-leave"),
    path("groups/<int:group_id>/me/nickname/", members.membership_rename, name="membership-rename"),
    path("groups/<int:group_id>/me/role/", members.membership_role, name="membership-role"),
    path("join/", invites.invite_open, name="invite-open"),
    path("join/<str:token>/", invites.invite_join, name="invite-join"),
]
