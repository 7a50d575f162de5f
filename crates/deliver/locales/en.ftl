# The words of advisories, of the form that answers them and of mails. What comes from objects stays in the language of its source.

language = English
heading = Security advisory
dateline = { $node } · { $date } (UTC) · Prepared for: { $member }

tlp-clear = Everyone may have this.
tlp-green = You may pass this on in your community, but not in public.
tlp-amber = You may pass this on inside your organisation and to its clients, to those who need it to protect themselves.
tlp-amber-strict = You may pass this on inside your organisation only, to those who need it to protect it.
tlp-red = This is for you alone. Do not pass it on.

alert = Alert level
fires = { $circle }: { $fires } of 5 fires, { $why }
fires-calm = nothing calls for attention
fires-news = something new to act on has come
fires-incident = an incident was shared
fires-high = something of high severity was shared
fires-critical = something critical was shared
fires-seen = { $count ->
    [one] a member saw what is shared here
   *[other] { $count } members saw what is shared here
}

happened = What happened
nothing-told = Your partners shared values to look for, without a report about them.
also-known = Also known as: { $names }
signed-by = Signed by { $name }; the signature holds.
signed-by-member = Signed by a member that is not named; the signature holds.
signed-unproven = It carries a signature that does not prove who says so. Ask before you act on it alone.
more-told = { $count ->
    [one] One more report, group or campaign is known to your partners.
   *[other] { $count } more reports, groups and campaigns are known to your partners.
}
told-report = Report
told-incident = Incident
told-campaign = Campaign
told-intrusion-set = Group
told-threat-actor = Attacker
told-vulnerability = Vulnerability

concerned = Who is concerned
concerned-unknown = The sources name no sector or country. Assume that you may be concerned.

today = What to do today
hand-on = Give this page to whoever runs your network
hand-on-text = Ask them to block what stands in the table below, at the DNS server, the firewall or the mail server.
look = Look whether it was here
look-text = Search the logs of the mail server, the proxy and the DNS server for the values below, as far back as they go.
stop = Stop acting on what is no longer valid
stop-text = Have the values in the second table below unblocked.
meets = { $count ->
    [one] Meets one of the methods that are in use.
   *[other] Meets { $count } of the methods that are in use.
}
for-it = For your IT service: { $what }
for-it-alone = Your IT service can do this step with its tools.

keep = What to keep and report back
keep-first = If you find something, change nothing yet
keep-first-text = Do not switch the computer off. Take it off the network, note the time, keep the logs, and call.
keep-which = Which of the values you saw
keep-when = When, and on how many computers
keep-nothing = If you saw nothing, say so: that helps as well.
answer-here = Answer here without logging in. The link works once, until { $until } (UTC).
answer-to = You can also write to { $address }.
answer-sender = Answer to whoever sent you this page.

call = Whom to call
no-contact = No contact is given. Answer to whoever sent you this page.

values = What to look for
values-text = Dots are bracketed so that nobody follows a link by accident. Never open these addresses.
no-values = There is nothing to look for at the moment.
more-values = { $count ->
    [one] One more value is not shown here; ask for a list for your devices.
   *[other] { $count } more values are not shown here; ask for a list for your devices.
}
column-kind = Kind
column-value = Value
column-name = Belongs to
column-since = Since
column-why = Why
column-until = On
counts-domain = Domains: { $count }
counts-url = Web pages: { $count }
counts-address = Network addresses: { $count }
counts-file = Files (by hash): { $count }
counts-mail = Mail senders: { $count }
counts-wallet = Wallets: { $count }
kind-domain = Domain
kind-url = Web page
kind-address = Address
kind-file = File
kind-mail = Mail sender
kind-wallet = Wallet

gone = What is no longer valid
gone-text = Your partners took these back, or their time ran out, in the last seven days. Stop blocking them and stop looking for them.
gone-withdrawn = Withdrawn
gone-expired = Expired

page = Newest version
page-here = This page, always up to date. You log in with your own access.
page-nowhere = Ask whoever sent you this page for its newest version.
code-alt = A code to scan, which opens { $url }
page-number = Page { $number }
cut = This document is too long to be printed whole: the rest is left out here.

mail-subject = [{ $tlp }] [{ $fires }/5] Security advisory, { $date }

digest-urgent = URGENT: { $what }
digest-look = there is something for you, log in
digest-fires-changed = fires have changed
digest-heading-urgent = Urgent: { $node }
digest-alert = Fires
digest-fires-of = { $circle }: { $fires } of 5 fires
digest-new = New
digest-told = Reports and incidents
digest-nameless = without a name
digest-more = { $count ->
    [one] One more is left out here.
   *[other] { $count } more are left out here.
}
digest-gone = Withdrawn
digest-withdrawn = { $count ->
    [one] { $count } withdrawn
   *[other] { $count } withdrawn
}
digest-gone-text = { $what }: what you were told of earlier holds no more; fetch your lists again.
digest-red = Not for mail
digest-red-text = There is something for you that is not sent by mail. Log in.
digest-do = What to do
digest-attached = See the attached advisory.
digest-attached-and-there = See the attached advisory; its newest version is here:
digest-missing = See the advisory. It could not be attached to this mail; log in to read it.
digest-missing-but-there = See the advisory. It could not be attached to this mail; log in to read it here:
digest-there = See the advisory; log in to read it here:

news-attack-pattern = { $count ->
    [one] { $count } attack pattern
   *[other] { $count } attack patterns
}
news-campaign = { $count ->
    [one] { $count } campaign
   *[other] { $count } campaigns
}
news-course-of-action = { $count ->
    [one] { $count } course of action
   *[other] { $count } courses of action
}
news-grouping = { $count ->
    [one] { $count } grouping
   *[other] { $count } groupings
}
news-identity = { $count ->
    [one] { $count } identity
   *[other] { $count } identities
}
news-incident = { $count ->
    [one] { $count } incident
   *[other] { $count } incidents
}
news-indicator = { $count ->
    [one] { $count } indicator
   *[other] { $count } indicators
}
news-infrastructure = { $count ->
    [one] { $count } piece of infrastructure
   *[other] { $count } pieces of infrastructure
}
news-intrusion-set = { $count ->
    [one] { $count } intrusion set
   *[other] { $count } intrusion sets
}
news-malware = { $count ->
    [one] { $count } piece of malware
   *[other] { $count } pieces of malware
}
news-note = { $count ->
    [one] { $count } note
   *[other] { $count } notes
}
news-observed-data = { $count ->
    [one] { $count } set of observed data
   *[other] { $count } sets of observed data
}
news-relationship = { $count ->
    [one] { $count } relationship
   *[other] { $count } relationships
}
news-report = { $count ->
    [one] { $count } report
   *[other] { $count } reports
}
news-sighting = { $count ->
    [one] { $count } sighting
   *[other] { $count } sightings
}
news-threat-actor = { $count ->
    [one] { $count } threat actor
   *[other] { $count } threat actors
}
news-vulnerability = { $count ->
    [one] { $count } vulnerability
   *[other] { $count } vulnerabilities
}
news-other = { $count ->
    [one] { $count } object of type { $type }
   *[other] { $count } objects of type { $type }
}
news-rest = { $count ->
    [one] { $count } object of another type
   *[other] { $count } objects of other types
}

overdue = Overdue: withdrawn and still in use
overdue-text = { $count ->
    [one] { $count } object was withdrawn in the circle { $circle }, and { $member } still has what was fetched before: { $artefacts }.
   *[other] { $count } objects were withdrawn in the circle { $circle }, and { $member } still has what was fetched before: { $artefacts }.
}
overdue-please = Please have it fetched again, or confirm to { $node } that it is out of use.

answer = Tell your partners what you saw
answer-intro = Tick what you saw at { $member }. What you tick goes to the circles that shared it, as a sighting in your name.
answer-column = Seen
answer-values = These values were shared with you
answer-first = First seen, day (UTC)
answer-last = Last seen, day (UTC)
answer-count = How often, or on how many computers
answer-other = Something else that we saw
answer-remark = Remark
answer-name = Who can be asked about this
answer-nothing = We have read it and found nothing.
answer-send = Send
answer-once = You can send this once. Nothing is sent before you press the button.
answer-thanks = Thank you
answer-thanks-seen = { $count ->
    [one] One sighting was passed on to your partners.
   *[other] { $count } sightings were passed on to your partners.
}
answer-thanks-nothing = Your answer was recorded. You found nothing: that helps as well.
answer-thanks-note = What you wrote was passed on to your partners.
answer-lost = { $count ->
    [one] One of the values is not shared with you any more, so nothing was passed on about it.
   *[other] { $count } of the values are not shared with you any more, so nothing was passed on about them.
}
answer-untaken = Some circles take no reports from you: there, nothing was passed on.
answer-used = This link was used
answer-used-text = An answer came over this link already, and it works once. To say more, ask for a new advisory.
answer-over = This link is too old
answer-over-text = Links in advisories work for thirty days. Ask for a new advisory.
answer-fault = Please look at it again
answer-fault-empty = Tick at least one value, write what you saw, or say that you found nothing.
answer-fault-both = You said that you found nothing, and also that you saw something. Which is it?
answer-fault-date = A day is written like 2026-09-02, lies not in the future, and the first is not after the last.
answer-fault-count = The number is between 1 and 999999999.
answer-fault-long = A text is longer than { $limit } characters.
answer-fault-refused = Nothing could be passed on. Please call, or write to whoever sent you the advisory.

freeze-heading = Request to freeze stolen virtual assets
freeze-dateline = { $node } · { $date } (UTC) · To: { $service } · Case { $case }, request { $number }
freeze-asked = What is asked
freeze-please = Stolen virtual assets came to addresses that are labelled as yours ({ $service }). Please freeze what of it you still hold:
freeze-total = { $amount } on { $chain }
freeze-addresses = Your addresses to which it came
freeze-do-hold = Freeze it
freeze-do-hold-text = Hold the balance of the accounts that were credited, and stop withdrawals that wait. If part of it has left, freeze what is there.
freeze-do-keep = Keep the records
freeze-do-keep-text = Keep who the customers are, how they logged in, and where they sent it, so that an authority can ask for it.
freeze-do-tell = Answer
freeze-do-tell-text = Say whether you hold it, how much is frozen, and your file number. If you can't or may not freeze it, say that too, and where it went.
freeze-came = What came to you
freeze-stolen = What was stolen
freeze-path = How it came to you
freeze-path-number = Path { $count }
freeze-path-all = The attached JSON file has every payment and every path, with amounts in the smallest unit.
freeze-how = How this was found
freeze-fifo = Payments were followed in the order of the chain. What leaves an address first is what came to it first (first in, first out).
freeze-lifo = Payments were followed in the order of the chain. What leaves an address first is what came to it last (last in, first out).
freeze-haircut = Payments were followed in the order of the chain. Each payment carries as large a stolen part as the holding from which it is made.
freeze-poison = Payments were followed in the order of the chain. Every payment out of a holding in which anything was stolen counts as stolen whole, so that sums can be more than was stolen.
freeze-tiho = Payments were followed in the order of the chain. In each transaction, what was stolen goes to the highest outputs first (taint in, highest out).
freeze-outputs = On Bitcoin, a transaction spends outputs whole and makes new ones: it was followed from output to output. What it spends stands in the order of its inputs, what it pays in the order of its outputs, with the fee last.
freeze-assume-order = A payment moves only what had arrived before it. Amounts are exact, to the smallest unit.
freeze-assume-service = The trace ends where value enters a service. What a service pays out again is not followed.
freeze-assume-label = That the addresses are yours is what these say: { $sources }. If they are wrong, please tell us.
freeze-assume-until = Payments up to { $until } (UTC) were looked at.
freeze-ground = Legal ground
freeze-no-order = No order of a court or an authority comes with this request. It asks you to act under your own terms and your law, until one does.
freeze-who = Who asks
freeze-contact = Please answer to: { $contact }
freeze-genuine = The third file is signed with the key { $key } and names the SHA-256 of this document. Ask for the key by another way than the one by which this came.
freeze-when = When (UTC)
freeze-payment = Transaction, from whom to whom
freeze-amount = Amount
freeze-tainted = Of it stolen
freeze-more = { $count ->
    [one] One more stands in the JSON file.
   *[other] { $count } more stand in the JSON file.
}
freeze-subject = [{ $tlp }] Request to freeze stolen virtual assets: { $case }, no. { $number }, to { $service }
freeze-mail = Stolen virtual assets ({ $case }) came to addresses that are labelled as yours. Please freeze: { $amount }.
freeze-attached = Attached are the request as a document, the same for programs (JSON) with every payment, and the signature.

ask = Asked: may this go wider?
ask-text = { $asker } asks you to let { $object } go wider. You shared it in the circle { $circle }.
ask-a-member = A member
ask-to-circle = It would go to the circle { $circle } as well.
ask-tlp = It would be marked { $tlp }.
ask-source = It would go as a copy that does not say who shared it.
ask-why = What for: { $why }
ask-link = Answer here once, without logging in, until { $date } (UTC): { $url }
ask-page = Or log in, where you also see the object: { $url }
ask-yes = Yes, as asked
ask-less = Yes, but only this:
ask-no = No
ask-say = What you want to say with it
ask-unchanged = Mark as it is
ask-once = The first answer holds, and what it allows is done at once.
ask-thanks-yes = Thank you. It is done.
ask-thanks-no = Thank you. Nothing goes wider.
ask-thanks-failed = Your answer is kept, but a circle did not take it: { $why }
ask-used-text = This was answered before, and the first answer holds.
ask-over-text = The time in which this could be answered is over. It can be asked again.
ask-fault-gone = It was withdrawn, was revoked or has expired, so only no is left.
ask-fault-circle = That circle is not in force any more, or you may not share in it. Say no, or allow something else.
ask-fault-less = That is not less than what is asked. Take a mark between, or leave the circle out.
ask-fault-choice = Say yes, yes with less, or no.
ask-fault-other = It can't be released so: { $why }
ask-told-yes = What you asked for is allowed
ask-told-less = What you asked for is allowed in part
ask-told-no = What you asked for is not allowed
ask-told-text = You asked to let { $object } from the circle { $circle } go wider.
ask-told-failed = It was allowed, but a circle did not take it.
ask-told-said = Said with it: { $said }
ask-told-page = More about it, after logging in: { $url }

call-subject-drill = Drill: please answer
call-subject-emergency = EMERGENCY: please answer now
call-drill = This is a drill; nothing has happened. { $caller } asks whether the contacts of { $circle } can be reached.
call-emergency = This is not a drill. { $caller } calls the contacts of { $circle }.
call-deputy = You are asked as a deputy: the contact before you did not answer in the agreed time.
call-link = Answer here without logging in; the link works once, until { $until } (UTC): { $link }
call-term = Please answer within { $minutes } min. After that, your deputy is asked.
call-title-drill = A drill
call-title-emergency = An emergency
call-name = Your name
call-text = Your answer
call-send = Answer
call-thanks-text = Your answer was recorded. You can close this page.
call-used-text = An answer came over this link already, and it works once. To say more, call whoever asked.
call-over-text = The time for an answer has passed, or the call was ended.
call-fault-name = Please write your name, on one line.
