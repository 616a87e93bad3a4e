"""A user: a nickname for anyone, e-mail and password for those who want an account."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from users import nicknames, signals
from users.compiled_queries import CompiledQuery
from users.validators import validate_nickname


class UserManager(BaseUserManager["User"]):
    """Makes guests, accounts and superusers, and finds the placeholder `default`."""

    use_in_migrations = False

    def create_guest(self, nickname: str) -> "User":
        """A user known by nickname only, who can sign in nowhere."""
        return self._create(nickname=nickname, email=None, password=None)

    def create_user(self, email: str, nickname: str, password: str | None = None, **fields: Any) -> "User":
        """A user who signs in with e-mail and password."""
        return self._create(nickname=nickname, email=email, password=password, **fields)

    def create_superuser(
        self, email: str, nickname: str, password: str | None = None, **fields: Any
    ) -> "User":
        """A user who may do everything, in the admin too."""
        return self.create_user(
            email, nickname, password, **{"is_staff": True, "is_superuser": True} | fields
        )

    def default_owner(self) -> "User | None":
        """The placeholder who owns the groups that came without an owner, if there is one."""
        return self.filter(nickname=nicknames.DEFAULT_OWNER, is_active=False).order_by("pk").first()

    def get(self, *args: Any, **kwargs: Any) -> "User":
        """As Django's. By number, as each request asks who it is that comes, the SQL is written once."""
        if not args and kwargs.keys() == {"pk"} and isinstance(kwargs["pk"], int) and self._db is None:
            return _by_number.get(kwargs["pk"])
        found: User = super().get(*args, **kwargs)
        return found

    def get_by_natural_key(self, username: str | None) -> "User":
        # Guests have no e-mail, and an empty one must not find them.
        return self.exclude(email=None).get(email=normalized_email(username or ""))

    def _create(self, *, nickname: str, email: str | None, password: str | None, **fields: Any) -> "User":
        user = self.model(nickname=nickname, email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


_by_number: "CompiledQuery[User]" = CompiledQuery(lambda number: User.objects.filter(pk=number), 1)


class User(AbstractBaseUser, PermissionsMixin):
    """Someone who estimates. A guest has a nickname and no usable password."""

    nickname = models.CharField(
        _("nickname"),
        max_length=nicknames.MAX_LENGTH,
        validators=[validate_nickname],
        help_text=_("What the others in your groups see. 32 characters at most."),
    )
    email = models.EmailField(
        _("e-mail"),
        unique=True,
        null=True,
        blank=True,
        help_text=_("The name to sign in with. Empty for a guest."),
        error_messages={"unique": _("There is an account with this e-mail already.")},
    )
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("May sign in to the admin."))
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("May sign in. Take this away instead of deleting an account.")
    )
    # Unknown for those who come from the Flask version.
    date_joined = models.DateTimeField(
        _("joined"), default=timezone.now, null=True, blank=True, editable=False
    )

    session_generation = models.PositiveIntegerField(
        _("session generation"),
        default=0,
        db_default=0,  # an earlier release that still runs knows nothing of it
        editable=False,
        help_text=_("Counts how often all browsers were signed out."),
    )

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["nickname"]

    class Meta:
        db_table = "estimation_user"
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~models.Q(nickname=nicknames.DEFAULT_OWNER, is_active=True),
                name="user_default_never_active",
                violation_error_message=_(
                    "“default” stands for groups without an owner and can never sign in."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.nickname

    @property
    def is_guest(self) -> bool:
        """Whether the user is known by nickname and session only."""
        return self.email is None

    @property
    def is_default_owner(self) -> bool:
        """Whether this is the placeholder for groups without an owner."""
        return self.nickname == nicknames.DEFAULT_OWNER and not self.is_active

    def change_nickname(self, nickname: str) -> list[str]:
        """Take another nickname; returns sentences about where it stays as it was."""
        with transaction.atomic():
            self.nickname = nicknames.clean(nickname)
            self.save(update_fields=["nickname"])
            return self.announce_nickname()

    def announce_nickname(self) -> list[str]:
        """Tell the other applications of the nickname; returns sentences about where it stays as it was."""
        with transaction.atomic():
            answers = signals.nickname_changed.send(User, user=self)
        return [sentence for _receiver, sentences in answers for sentence in sentences or []]

    def sign_in_to(self, account: "User") -> bool:
        """Give what this guest has to the account, and let the guest end; whether there was anything."""
        with transaction.atomic():
            answers = signals.guest_signed_in.send(User, guest=self, account=account)
            self.is_active = False
            self.save(update_fields=["is_active"])
        return any(moved for _receiver, moved in answers)

    def sign_out_everywhere(self) -> None:
        """End all sessions of the user, in this browser too unless it is given another hash at once."""
        User.objects.filter(pk=self.pk).update(session_generation=models.F("session_generation") + 1)
        self.refresh_from_db(fields=["session_generation"])

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """As Django's, and another one after each time that all browsers were signed out."""
        ours: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        if not self.session_generation:
            return ours
        return salted_hmac(
            "users.session_generation", f"{ours} {self.session_generation}", secret, algorithm="sha256"
        ).hexdigest()

    def clean(self) -> None:
        super().clean()
        self.email = normalized_email(self.email or "")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = normalized_email(self.email or "")
        super().save(*args, **kwargs)


class ApiToken(models.Model):
    """By which a program acts for an account; see `api_tokens`. The token itself is kept nowhere."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="api_token", verbose_name=_("user")
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256, in hexadecimal digits
    made_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        db_table = "estimation_api_token"
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return str(self.user)


class RecoveryCode(models.Model):
    """Good once instead of the code from the phone; see `two_factor`. The code itself is kept nowhere."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="recovery_codes", verbose_name=_("user")
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)  # SHA-256, in hexadecimal digits

    class Meta:
        db_table = "estimation_recovery_code"
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")

    def __str__(self) -> str:
        return str(self.user)


class Identity(models.Model):
    """Whom the OpenID provider has to name to open the account; see `identities`."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="identities", verbose_name=_("user")
    )
    issuer = models.CharField(_("provider"), max_length=255, editable=False)
    subject = models.CharField(_("name at the provider"), max_length=255, editable=False)
    # SHA-256 of both, in hexadecimal digits: the databases do not agree on which texts are equal.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    linked_at = models.DateTimeField(_("linked"), default=timezone.now, editable=False)

    class Meta:
        db_table = "estimation_identity"
        verbose_name = _("identity")
        verbose_name_plural = _("identities")

    def __str__(self) -> str:
        return str(self.user)


class UserSession(models.Model):
    """Whose a session is, so that people can see and end theirs; see `session_store`. All else stands in the session.

    No constraint binds it: a release that knows nothing of this table has to be able to delete sessions and users.
    """

    user = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        db_constraint=False,
        related_name="user_sessions",
        verbose_name=_("user"),
    )
    session = models.OneToOneField(
        Session,
        on_delete=models.DO_NOTHING,  # the store does it: sessions that have ended go in one statement
        db_constraint=False,
        related_name="user_session",
        verbose_name=_("session"),
    )

    class Meta:
        db_table = "estimation_user_session"
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    def __str__(self) -> str:
        return str(self.user)


def normalized_email(email: str) -> str | None:
    """The address as it is kept and looked up: trimmed, lower case; None when there is none.

    Lower case throughout, since the databases do not agree on whether case counts in a unique column.
    """
    return email.strip().lower() or None
