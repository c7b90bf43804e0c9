"""What `Lives` begins."""

from kill_kit import serve

serve()
