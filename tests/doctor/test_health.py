def test_a_healthy_machine_has_no_findings(pi):
    assert pi.findings() == []
