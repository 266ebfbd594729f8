"""Pages: guard → verb → redirect or render. No rule about interviews lives here."""
