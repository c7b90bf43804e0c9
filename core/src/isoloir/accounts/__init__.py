"""Personal accounts of board members and organisers: made by the organiser, activated and held by one person."""
