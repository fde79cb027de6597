"""Out to people and back from carriers: SMS, WhatsApp, console, Twilio.

Read `model` first (what a carrier is and what it may answer), then `render` (what is sent),
`keywords` (what people write) and `twilio` (the carrier that ships).
"""
