# the same findings for other programs
story s
for format in json csv markdown junit github sarif; do
    echo "== $format"
    ghost anomalies ./s --format $format --root /srv | tr -d '\r'
done
