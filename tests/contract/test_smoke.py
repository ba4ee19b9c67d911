def test_smoke(world):
    world.people("owner", "bob")
    g = world.group("Public", members=["bob"])
    print(world.info(g), world.events, world.dump())
    world.refused(10021, "create_group", Type="Public", Name="x", GroupId="@TGS#1x") if 0 else None
