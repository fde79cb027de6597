"""Out to people and back from carriers: SMS, WhatsApp, console, Twilio.

Read `model` first (what a channel is and what it may answer), then `twilio_channel` (the one that ships),
`twilio_client` (exactly one POST per attempt), `render` and `sms_parts` (what is sent), `signatures`,
`status`, `keywords` and `callback_url` (what comes back), `error_table` (what a provider's code means).
"""
