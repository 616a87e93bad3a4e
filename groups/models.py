"""A group that estimates together, and who sits in it."""

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from groups import decks, invitations
from groups.validators import validate_deck
from users import nicknames
from users.validators import validate_nickname

if TYPE_CHECKING:
    from users.models import User


class NicknameTaken(Exception):
    """Somebody else in the group has this nickname; `free` is one like it that nobody has."""

    def __init__(self, nickname: str, free: str) -> None:
        super().__init__(nickname)
        self.nickname = nickname
        self.free = free


class OwnerMustStay(Exception):
    """The owner of a group cannot leave it or be removed; the group has to be handed over first."""


class Role(models.TextChoices):
    FACILITATOR = "facilitator", _("facilitator")
    VOTER = "voter", _("voter")
    OBSERVER = "observer", _("observer")


class GroupQuerySet(models.QuerySet["Group"]):
    def of(self, user: "User") -> Self:
        """The groups in which the user sits, and those that the user owns."""
        seats = Membership.objects.filter(user=user).values("group")
        return self.filter(models.Q(pk__in=seats) | models.Q(user=user))

    def active(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.exclude(archived_at=None)

    def with_member_count(self) -> Self:
        """Adds `member_count`, without a query per row."""
        count = (
            Membership.objects.filter(group=models.OuterRef("pk"))
            .order_by()
            .values("group")
            .annotate(count=models.Count("pk"))
            .values("count")
        )
        return self.annotate(member_count=Coalesce(models.Subquery(count), 0))

    def with_seat_of(self, user: "User") -> Self:
        """Adds `own_seats`, a list with the user's membership or nothing in it, with one query for all."""
        own = Membership.objects.filter(user=user)
        return self.prefetch_related(models.Prefetch("memberships", queryset=own, to_attr="own_seats"))


class GroupManager(models.Manager.from_queryset(GroupQuerySet)):  # type: ignore[misc]
    @transaction.atomic
    def start(self, owner: "User", name: str) -> "Group":
        """A new group whose owner sits in it as facilitator."""
        group: Group = self.create(name=name, user=owner)
        group.seat(owner, role=Role.FACILITATOR)
        return group


class Group(models.Model):
    """A team with an owner and an invite link."""

    # Nullable as it was in the Flask version; forms and the admin require a name.
    name = models.CharField(_("name"), max_length=32, null=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="estimation_groups",
        db_column="user",
        verbose_name=_("owner"),
    )
    # Unknown for those that come from the Flask version.
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, null=True, blank=True, editable=False
    )
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    invite_generation = models.PositiveIntegerField(
        _("invite generation"),
        default=0,
        editable=False,
        help_text=_("Counts how often the invite link was renewed."),
    )

    deck = models.CharField(
        _("deck"),
        max_length=decks.MAX_TEXT,
        default=decks.PRESETS["fibonacci"],
        validators=[validate_deck],
        help_text=_("The cards, such as 1 2 3 5 8 ? or S=1 M=3 L=8."),
    )

    objects = GroupManager()
    history = HistoricalRecords()

    class Meta:
        db_table = "estimation_group"
        verbose_name = _("group")
        verbose_name_plural = _("groups")

    def __str__(self) -> str:
        visible = nicknames.clean(self.name or "")
        return (self.name or "") if visible else gettext("Unnamed group %(number)s") % {"number": self.pk}

    def get_absolute_url(self) -> str:
        """Where the group's members are listed; the settings lead to its room instead."""
        return reverse("groups:group-detail", args=[self.pk])

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None

    @property
    def invite_token(self) -> str:
        """The token of the group's present invite link."""
        return invitations.token(self.pk, self.invite_generation)

    def renew_invite(self) -> None:
        """Make a new invite link; every earlier one stops working."""
        with transaction.atomic():
            present = Group.objects.select_for_update().get(pk=self.pk)
            self.invite_generation = present.invite_generation + 1
            self.save(update_fields=["invite_generation"])

    def rename(self, name: str) -> None:
        self.name = name
        self.save(update_fields=["name"])

    def choose_deck(self, deck: decks.Deck) -> None:
        """Estimate with these cards from the next round on."""
        self.deck = decks.text_of(deck)
        self.save(update_fields=["deck"])

    def archive(self) -> None:
        """Put the group away. Nothing in it is deleted; `restore` brings it back."""
        if not self.is_archived:
            self.archived_at = timezone.now()
            self.save(update_fields=["archived_at"])

    def restore(self) -> None:
        self.archived_at = None
        self.save(update_fields=["archived_at"])

    # --- Seats

    def join(self, user: "User", *, nickname: str, role: str) -> "Membership":
        """Give the user a seat, or the one the user has already; safe to call twice.

        Raises NicknameTaken, with a free one, when somebody else in the group has that nickname.
        """
        try:
            with transaction.atomic():
                membership, _created = Membership.objects.get_or_create(
                    group=self, user=user, defaults={"nickname": nicknames.clean(nickname), "role": role}
                )
        except IntegrityError:
            raise NicknameTaken(nickname, self.free_nickname(nickname)) from None
        return membership

    def seat(self, user: "User", *, role: str = Role.FACILITATOR) -> "Membership":
        """Give the user a seat under a nickname that is free, or the one the user has already."""
        try:
            return self.join(user, nickname=user.nickname, role=role)
        except NicknameTaken as taken:
            return self.join(user, nickname=taken.free, role=role)

    def free_nickname(self, nickname: str) -> str:
        """The nickname, or the first of `nickname 2`, `nickname 3`, … that nobody in the group has."""
        taken = set(self.memberships.values_list("nickname_key", flat=True))
        nickname = nicknames.clean(nickname)
        candidates = (nicknames.numbered(nickname, number) for number in range(2, len(taken) + 3))
        if nicknames.key(nickname) not in taken:
            return nickname
        return next(candidate for candidate in candidates if nicknames.key(candidate) not in taken)

    def remove(self, membership: "Membership") -> None:
        """Take the seat away, by the member or by the owner. Raises OwnerMustStay for the owner's."""
        with transaction.atomic():
            present = Group.objects.select_for_update().get(pk=self.pk)
            if membership.user_id == present.user_id:
                raise OwnerMustStay
            membership.delete()

    def hand_over(self, to: "User") -> None:
        """Make `to` the owner. The owner until now keeps the seat; `to` gets one if there is none."""
        with transaction.atomic():
            self.user = to
            self.save(update_fields=["user"])
            self.seat(to)


class Membership(models.Model):
    """Someone's seat in a group, under a nickname that stands once in it."""

    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("group")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    nickname = models.CharField(
        _("nickname"), max_length=nicknames.MAX_LENGTH, validators=[validate_nickname]
    )
    nickname_key = models.CharField(max_length=64, editable=False)
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.VOTER)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    history = HistoricalRecords(excluded_fields=["nickname_key"])

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["group", "user"],
                name="membership_one_per_user",
                violation_error_message=_("This user is a member of the group already."),
            ),
            models.UniqueConstraint(fields=["group", "nickname_key"], name="membership_nickname_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_known_role"),
        ]

    def __str__(self) -> str:
        return self.nickname

    @property
    def is_owner(self) -> bool:
        return self.user_id == self.group.user_id

    def rename(self, nickname: str) -> None:
        """Take another nickname in this group. Raises NicknameTaken, with a free one."""
        try:
            with transaction.atomic():
                self.nickname = nicknames.clean(nickname)
                self.save(update_fields=["nickname", "nickname_key"])
        except IntegrityError:
            self.refresh_from_db(fields=["nickname", "nickname_key"])
            raise NicknameTaken(nickname, self.group.free_nickname(nickname)) from None

    def change_role(self, role: str) -> None:
        self.role = Role(role)
        self.save(update_fields=["role"])

    def clean(self) -> None:
        super().clean()
        self.nickname_key = nicknames.key(self.nickname)
        others = Membership.objects.filter(group=self.group_id, nickname_key=self.nickname_key).exclude(
            pk=self.pk
        )
        if self.group_id and others.exists():
            raise ValidationError(
                {
                    "nickname": _("Somebody in this group has that nickname. %(free)s is free.")
                    % {"free": self.group.free_nickname(self.nickname)}
                }
            )

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.nickname_key = nicknames.key(self.nickname)
        super().save(*args, **kwargs)
