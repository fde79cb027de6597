"""Out to people and back from carriers: SMS, WhatsApp, console, Twilio."""
