# which function: exact, part, case, several, none, never called
story s
for name in validate_order validate shop.orders:validate_order validate_order:7 VALIDATE_O; do ghost explain $name ./s | grep '^Ghost'; done
ghost explain order ./s; echo "status $?"
ghost explain order ./s --format json; echo "status $?"
ghost explain validte_order ./s; echo "status $?"
ghost explain zzzzzzzz ./s; echo "status $?"
