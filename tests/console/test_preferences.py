"""Theme and language are remembered, and nobody is sent elsewhere by them."""

from django.urls import reverse

from tests.cast import Cast


def test_a_forced_theme_is_in_the_first_bytes_of_the_page(cast: Cast) -> None:
    browser = cast.viewer.browser
    assert browser.post(reverse("console:theme"), {"theme": "dark", "next": "/sagas/"})["Location"] == "/sagas/"
    assert 'data-theme="dark"' in browser.get(reverse("console:overview")).content.decode()[:300]
    browser.post(reverse("console:theme"), {"theme": ""})
    assert "data-theme" not in browser.get(reverse("console:overview")).content.decode()[:300]


def test_a_theme_that_does_not_exist_and_a_foreign_address_are_ignored(cast: Cast) -> None:
    browser = cast.viewer.browser
    response = browser.post(reverse("console:theme"), {"theme": '"><script>', "next": "https://elsewhere.test/"})
    assert response["Location"] == "/"
    assert "data-theme" not in browser.get(reverse("console:overview")).content.decode()[:300]


def test_the_console_speaks_portuguese(cast: Cast) -> None:
    browser = cast.viewer.browser
    browser.post(reverse("set_language"), {"language": "pt-br", "next": "/"})
    html = browser.get(reverse("console:overview")).content.decode()
    assert '<html lang="pt-br"' in html
    for word in ("em execução", "finalizada com sucesso", "compensado e concluído", "Precisa de atenção"):
        assert word in html
