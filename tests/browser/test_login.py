"""A page that needs a password, behind a proxy that serves it under a path."""

from tests.browser.axe import violations


def log_in(browser, password):
    browser.write("#password", password)
    browser.press("Enter")


def test_the_page_under_a_path_of_a_proxy_wants_its_password_and_then_works(
    guarded, browser, wait_for
):
    greenhouse, url = guarded
    browser.open(url)
    wait_for(lambda: browser.has("#password"))
    assert browser.address.startswith(f"{url}login")
    assert violations(browser) == []
    log_in(browser, "another password")
    wait_for(lambda: browser.text("[role=alert]") == "this is not the password")
    browser.complaints()  # the browser notes the status 403
    log_in(browser, "a long password")
    wait_for(lambda: browser.has(".card .value"))
    assert browser.address.startswith(url)
    browser.click("button[aria-label='fan: on' i]")
    wait_for(lambda: greenhouse.logged("output", "fan")[-1]["by"] == "command")


def test_who_logs_out_has_to_log_in_again(guarded, browser, wait_for):
    _, url = guarded
    browser.open(f"{url}login")
    log_in(browser, "a long password")
    wait_for(lambda: browser.has(".card .value"))
    browser.click("#logout")
    wait_for(lambda: browser.has("#password"))
    browser.open(f"{url}#/trust")
    wait_for(lambda: browser.has("#password"))
    browser.complaints()  # the browser notes the status 401
