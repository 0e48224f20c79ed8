"""What stands between the server and every answer, of the API and of pages alike."""
