"""The use cases: one public function a file, over ports."""
