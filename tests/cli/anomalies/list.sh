# findings of the made-up session, worst first; the evidence of one; nothing left when each is known
story s
ghost anomalies ./s
ghost anomalies ./s --verbose --only high_exc_rate
ghost anomalies ./s --explain "$(ghost anomalies ./s --format csv --only high_exc_rate | sed -n '2s/,.*//p')"
ghost anomalies ./s --baseline known --update-baseline
cat known
ghost anomalies ./s --baseline known --fail-on low
