"""Events and notifications in the shapes that Amazon SES publishes, about one copy to Anna."""

from typing import Any

ANNA = "anna@example.org"
OWN_ID = "<0123456789abcdef0123456789abcdef@courier.example>"
SES_ID = "0107019ae2f3c4d5-1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d-000000"
MAIL: dict[str, Any] = {
    "timestamp": "2026-11-27T07:00:05.123Z",
    "source": "The Courier <letters@courier.example>",
    "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/courier.example",
    "sendingAccountId": "123456789012",
    "messageId": SES_ID,
    "destination": [ANNA],
    "headersTruncated": False,
    "headers": [
        {"name": "From", "value": "The Courier <letters@courier.example>"},
        {"name": "To", "value": ANNA},
        {"name": "Message-ID", "value": OWN_ID},
    ],
    "commonHeaders": {
        "from": ["The Courier <letters@courier.example>"],
        "to": [ANNA],
        "messageId": OWN_ID,
        "subject": "The week",
    },
    "tags": {"ses:configuration-set": ["friday"]},
}
BOUNCE: dict[str, Any] = {
    "eventType": "Bounce",
    "bounce": {
        "feedbackId": "0107019ae2f3d5e6-0f0e0d0c-1a2b-4c3d-9e8f-7a6b5c4d3e2f-000000",
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [
            {
                "emailAddress": ANNA,
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": f"smtp; 550 5.1.1 <{ANNA}>: user unknown",
            }
        ],
        "timestamp": "2026-11-27T07:00:06.000Z",
        "remoteMtaIp": "192.0.2.25",
        "reportingMTA": "dns; b224-11.smtp-out.eu-west-1.amazonses.com",
    },
    "mail": MAIL,
}
COMPLAINT: dict[str, Any] = {
    "eventType": "Complaint",
    "complaint": {
        "feedbackId": "0107019ae2f3d5e6-aaaa-000000",
        "complaintSubType": None,
        "complainedRecipients": [{"emailAddress": ANNA}],
        "timestamp": "2026-11-27T09:00:00.000Z",
        "userAgent": "Yahoo!-Mail-Feedback/2.0",
        "complaintFeedbackType": "abuse",
        "arrivalDate": "2026-11-27T08:59:00.000Z",
    },
    "mail": MAIL,
}
DELIVERY: dict[str, Any] = {
    "eventType": "Delivery",
    "delivery": {
        "timestamp": "2026-11-27T07:00:07.500Z",
        "processingTimeMillis": 2377,
        "recipients": [ANNA],
        "smtpResponse": "250 2.6.0 message received",
        "reportingMTA": "b224-11.smtp-out.eu-west-1.amazonses.com",
    },
    "mail": MAIL,
}
DELAY: dict[str, Any] = {
    "eventType": "DeliveryDelay",
    "deliveryDelay": {
        "timestamp": "2026-11-27T08:00:07.500Z",
        "delayType": "MailboxFull",
        "expirationTime": "2026-11-28T07:00:05.000Z",
        "delayedRecipients": [
            {
                "emailAddress": ANNA,
                "status": "4.2.2",
                "diagnosticCode": "smtp; 452 4.2.2 mailbox full",
            }
        ],
    },
    "mail": MAIL,
}
REJECT: dict[str, Any] = {"eventType": "Reject", "reject": {"reason": "Bad content"}, "mail": MAIL}
SUBSCRIPTION: dict[str, Any] = {
    "eventType": "Subscription",
    "subscription": {
        "contactList": "friday",
        "timestamp": "2026-11-27T10:00:00.000Z",
        "source": "UnsubscribeHeader",
        "newTopicPreferences": {"unsubscribeAll": True, "topicSubscriptionStatus": []},
        "oldTopicPreferences": {"unsubscribeAll": False, "topicSubscriptionStatus": []},
    },
    "mail": MAIL,
}
OPEN: dict[str, Any] = {
    "eventType": "Open",
    "mail": MAIL,
    "open": {
        "ipAddress": "192.0.2.1",
        "timestamp": "2026-11-27T07:02:00.000Z",
        "userAgent": "Mozilla",
    },
}
EVERY = (BOUNCE, COMPLAINT, DELIVERY, DELAY, REJECT, SUBSCRIPTION, OPEN)
