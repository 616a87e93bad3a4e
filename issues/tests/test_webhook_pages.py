"""The pages of a group's webhooks, for those who administer it."""

import pytest
from django.urls import reverse

from groups.models import Group
from groups.tests.people import browser
from issues.models import Delivery, Webhook
from issues.webhooks import addresses, events, signatures

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _this_machine_may_be_told(settings):
    settings.WEBHOOK_PRIVATE_HOSTS = ["127.0.0.1"]


@pytest.fixture
def url(payments: Group):
    def address(name: str, *more: int) -> str:
        return reverse(f"issues:{name}", args=[payments.pk, *more])

    return address


@pytest.fixture
def webhook(payments: Group, alice) -> Webhook:
    return addresses.add(payments, "http://127.0.0.1:1/hook", alice)


def test_the_settings_lead_to_the_webhooks(alice, payments, url):
    assert (
        url("webhook-list")
        in browser(alice).get(reverse("groups:group-settings", args=[payments.pk])).content.decode()
    )


def test_one_is_added_and_its_page_shows_the_secret(alice, url):
    answer = browser(alice).post(url("webhook-list"), {"url": "http://127.0.0.1:1/hook"}, follow=True)
    webhook = Webhook.objects.get()
    assert (webhook.url, webhook.made_by) == ("http://127.0.0.1:1/hook", alice)
    assert signatures.shown(webhook.secret) in answer.content.decode()
    assert webhook.url in browser(alice).get(url("webhook-list")).content.decode()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "Write the address of your program"),
        ("ftp://example.org", "A link begins with http"),
        ("http://1.1.1.1/", "Write https:// in front"),
        ("http://10.0.0.1/", "10.0.0.1 can&#x27;t be reached, or stands in a private network."),
        ("https://example.org/" + "x" * 481, "A link has at most 500 characters."),
    ],
)
def test_a_wrong_address_is_told_in_a_sentence_and_kept_in_the_form(alice, url, address, sentence):
    text = browser(alice).post(url("webhook-list"), {"url": address}).content.decode()
    assert sentence in text
    assert address in text
    assert not Webhook.objects.exists()


def test_a_host_that_is_not_on_the_list_is_refused_in_a_sentence(alice, url, settings):
    settings.WEBHOOK_HOSTS = [".example.org"]
    form = {"url": "https://hooks.example.com/estimates"}
    text = browser(alice).post(url("webhook-list"), form).content.decode()
    assert (
        "This site sends nothing to hooks.example.com. Whoever runs it can allow it: WEBHOOK_HOSTS." in text
    )
    assert form["url"] in text
    assert not Webhook.objects.exists()


def test_a_sixth_is_refused(alice, payments, url):
    for _webhook in range(5):
        addresses.add(payments, "http://127.0.0.1:1/", alice)
    text = browser(alice).post(url("webhook-list"), {"url": "http://127.0.0.1:1/"}).content.decode()
    assert "A group has at most 5 webhooks. Remove one first." in text
    assert Webhook.objects.count() == 5


def test_a_test_is_sent_and_seen(alice, url, webhook):
    text = browser(alice).post(url("webhook-test", webhook.pk), follow=True).content.decode()
    assert "A test is on its way." in text
    assert "On its way." in text
    assert Delivery.objects.get().event == "ping"


def test_it_is_switched_off_and_on(alice, url, webhook):
    assert (
        "told no more" in browser(alice).post(url("webhook-switch", webhook.pk), follow=True).content.decode()
    )
    webhook.refresh_from_db()
    assert not webhook.is_active
    browser(alice).post(url("webhook-switch", webhook.pk))
    webhook.refresh_from_db()
    assert webhook.is_active


def test_the_secret_is_made_anew(alice, url, webhook):
    before = webhook.secret
    browser(alice).post(url("webhook-renew", webhook.pk))
    webhook.refresh_from_db()
    assert webhook.secret != before


def test_it_is_removed_with_its_deliveries(alice, url, webhook):
    events.ping(webhook)
    assert (
        "is removed" in browser(alice).post(url("webhook-remove", webhook.pk), follow=True).content.decode()
    )
    assert not Delivery.objects.exists()


def test_a_delivery_is_sent_again_with_all_attempts_before_it(alice, url, webhook):
    events.ping(webhook)
    Delivery.objects.update(attempts=10, next_attempt_at=None, error="The answer was 500.")
    assert "Given up." in browser(alice).get(url("webhook-detail", webhook.pk)).content.decode()
    browser(alice).post(url("delivery-again", webhook.pk, Delivery.objects.get().pk))
    delivery = Delivery.objects.get()
    assert delivery.attempts == 0
    assert delivery.next_attempt_at


def test_another_group_s_webhook_is_not_found(alice, bob, url):
    foreign = addresses.add(Group.objects.start(bob, "Other"), "http://127.0.0.1:1/", bob)
    client = browser(alice)
    assert client.get(url("webhook-detail", foreign.pk)).status_code == 404
    assert client.post(url("webhook-remove", foreign.pk)).status_code == 404


def test_in_an_archived_group_they_are_only_looked_at(alice, payments, url, webhook):
    payments.archive()
    client = browser(alice)
    assert "archived" in client.post(url("webhook-test", webhook.pk), follow=True).content.decode()
    assert "archived" in client.post(url("webhook-list"), {"url": "http://127.0.0.1:1/"}).content.decode()
    assert not Delivery.objects.exists()
    assert Webhook.objects.count() == 1


@pytest.mark.parametrize("number", [1, 30])
def test_the_page_asks_the_same_of_the_database_for_any_number_of_deliveries(
    alice, url, webhook, number, django_assert_num_queries
):
    for _delivery in range(number):
        events.ping(webhook)
    client = browser(alice)
    with django_assert_num_queries(5):  # session, user, group with seat, the webhook, its deliveries
        client.get(url("webhook-detail", webhook.pk))
