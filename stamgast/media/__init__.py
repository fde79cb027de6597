"""Pictures that customers send: fetched from the carrier, cleaned, sealed, and kept for sixty days.

Web notes on `media.v1` what is to be fetched, a Faust agent of the workers fetches it, and notes beside it what
became of it. What is kept holds nothing of the file that was sent but how it looks (`stamgast.media.pictures`).
"""
