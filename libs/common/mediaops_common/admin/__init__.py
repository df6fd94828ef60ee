"""Operations: lag, parked events, rebuilds, and what an audit compares."""
