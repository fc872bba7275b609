"""Generated money of a demonstration: agreements and a ledger of ten countries, each plainly marked."""
