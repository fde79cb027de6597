"""The till's own page: who stands there scans, sees whom they have before them, redeems, gives, enrols, attaches."""
