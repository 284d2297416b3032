"""Extensions, suspensions, each clock by itself, the working calendar in the API."""
