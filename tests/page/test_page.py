"""The page of a service, as somebody sees it who leaves it open."""

import signal

WIDE, NARROW = (1400, 1000), (400, 900)
SEND = "document.querySelector('.send').click()"


def send(page, rows):
    page.until("there is no button", lambda: page.look("document.querySelector('.send') !== null"))
    page.look(f"document.querySelector('.send-rows').value = {rows}; {SEND}")


def test_numbers_move_and_nothing_complains(page, service, seen):
    page.size(*WIDE)
    page.colours("dark")
    page.go(service.url)
    page.until("it is not well", lambda: page.text("state") == "running")
    page.until("the first rows do not come", lambda: page.number("out-rows") == 20)
    rates, lags = set(), set()
    for _ in range(4):
        before = page.number("out-rows")
        send(page, 15_000)

        def moved():
            rates.add(page.number("out-rate"))
            lags.add(page.look("document.querySelectorAll('#lag > div').length"))
            return page.number("out-rows") == before + 15_000

        page.until("rows do not move", moved)
    assert page.number("out-rows") == page.number("in-rows") == 60_020
    assert max(rates) > 1_000, rates
    assert lags == {20}
    page.until("it is not complete", lambda: page.text("tracking-state") == "complete")
    heights = page.look("document.querySelectorAll('#chart path.line')[1].getAttribute('d').match(/[0-9.]+(?=L|$)/g)")
    assert len(set(heights)) > 1, heights
    assert page.look("document.querySelectorAll('#stages tr').length") == 2
    # Percentiles of commits: each has a unit.
    commits = page.look("document.querySelector('#stages tr:last-child td:last-child').textContent").split(" / ")
    assert len(commits) == 3 and all(text.split()[1] in ("µs", "ms", "s") for text in commits), commits
    page.keep(seen / "dark.png")
    page.colours("light")
    page.keep(seen / "light.png")
    narrow(page, seen)
    assert page.complaints == []


def narrow(page, seen):
    """Nothing is cut off, and all can be reached, on a telephone."""
    page.size(*NARROW)
    page.keep(seen / "narrow.png")
    assert page.look("document.documentElement.scrollWidth") <= NARROW[0]
    cut = """[...document.querySelectorAll('button, input, h1, h2, b, .state, .lag div, dd')]
        .filter(one => { const box = one.getBoundingClientRect(); return box.width && (box.left < 0 || box.right > innerWidth); })
        .map(one => one.id || one.className || one.textContent)"""
    assert page.look(cut) == []
    # A number is not wider than its card.
    assert page.look("[...document.querySelectorAll('.figure')].every(one => one.scrollWidth <= one.clientWidth)")


def test_the_button_holds_rows_back(page, service):
    page.go(service.url)
    page.until("it is not well", lambda: page.text("state") == "running")
    page.look("document.getElementById('pause').click()")
    page.until("it is not paused", lambda: page.text("state") == "paused")
    assert page.text("pause") == "Resume"
    page.look("document.getElementById('pause').click()")
    page.until("it goes not on", lambda: page.text("state") == "running")
    assert page.complaints == []


def test_a_service_that_begins_anew_is_shown_again(page, service):
    page.go(service.url)
    page.until("it is not well", lambda: page.text("state") == "running")
    send(page, 3_000)
    page.until("rows do not move", lambda: page.number("out-rows") == 3_020)
    assert page.complaints == []
    service.end(signal.SIGTERM)
    page.until("nobody notices", lambda: page.text("state") == "no answer")
    service.start()
    page.until("it is not seen again", lambda: page.text("state") == "running")
    # Rows of this run: those before it are in the table already.
    assert page.number("out-rows") == 0
    send(page, 2_000)
    page.until("rows do not move", lambda: page.number("out-rows") == 2_000)


def test_a_wrong_number_is_said(page, service):
    page.go(service.url)
    page.until("it is not well", lambda: page.text("state") == "running")
    # An alert would wait for somebody.
    page.look("window.alert = text => { window.said = text }")
    send(page, 99_999_999)
    page.until("nothing is said", lambda: page.look("window.said"))
    assert page.look("window.said") == "Invalid count parameter: at most 10000000"
