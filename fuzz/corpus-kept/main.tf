
locals {
  spec = "version: 0.2\nphases: {build: {commands: make}}\n"
}
resource "aws_codebuild_project" "a" {
  source {
    buildspec = <<-EOT
      version: 0.2
      phases:
        build:
          commands:
            - make ${var.target} $${KEPT} ${join(",", [
              "}"])}
    EOT
  }
  secondary_sources {
    buildspec = local.spec
  }
}
resource "aws_codebuild_project" "b" {
  source {
    buildspec = jsonencode({
      version = 0.2
      phases  = { build = { commands = ["echo \"a: b\"", "make"] } }
    })
  }
}
resource "aws_codebuild_project" "c" {
  source {
    buildspec = yamlencode({
      version = 0.2
      phases  = { build = { commands = ["make", var.x] } }
    })
  }
}
resource "aws_codebuild_project" "d" {
  source {
    buildspec = var.x ? file("ci/b.yml") : templatefile("b.tpl", {})
  }
}
