"""Who a customer is, without saying it: pseudonymous ids, telephone numbers, and sealed personal data.

`ids` derives ids by HMAC, `phones` reads telephone numbers, `sealing` encrypts, `records` is how all of it stands
on `identities.v1`, `identity-keys.v1` and `suppressions.v1`. No I/O here; the view of those topics is
`stamgast.state.identities`.
"""
